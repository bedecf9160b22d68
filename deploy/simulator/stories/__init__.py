"""The stories of the county: what happens to an entity, a person, a loan, a course, a survey, a venue and a unit over the years."""

"""The training service: courses, guidance, internships and surveys."""

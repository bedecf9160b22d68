"""登记 registry: units, entities, venues, policies and everything else that is registered."""

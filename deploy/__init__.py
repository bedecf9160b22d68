"""Everything that puts kaiye on a machine: the embedded servers, the supervisor, the command line, images and configurations."""

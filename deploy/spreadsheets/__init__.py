"""Facts in spreadsheets, as clerks keep them: templates to fill in, files read as they come, and what was refused given back marked."""

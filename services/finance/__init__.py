"""The finance service: loans, funds, subsidies, tax relief and credit communities."""

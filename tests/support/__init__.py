"""What tests share: servers, builders."""

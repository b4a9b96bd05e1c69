"""The page on which one writes as a customer."""

"""Whether the rows are those that were committed: looked at every night, and explained by two people where they are not."""

-- Room for the lease of a publisher, with its target's name.
ALTER TABLE leases
    MODIFY COLUMN name VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL

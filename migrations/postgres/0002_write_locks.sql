-- What only one write at a time may do: it updates the row of its name first, to what it is, and has it to itself until its commit.

CREATE TABLE write_locks (
    name TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (name)
);

INSERT INTO write_locks (name) VALUES ('directory'), ('keys');

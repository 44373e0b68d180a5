-- create note
--
-- revision: 3f6c1c0a7b21
-- created: 2026-11-22T09:00:00Z

-- migrate:up
CREATE TABLE note (
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL CHECK (text <> ''),
    tags TEXT NOT NULL DEFAULT ''
);

INSERT INTO note (text, tags) VALUES
    ('buy milk; also bread', 'shop'),
    ('call the dentist', 'health,phone');

-- migrate:down
DROP TABLE note;

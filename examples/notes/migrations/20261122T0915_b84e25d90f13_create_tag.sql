-- give every tag a row of its own
--
-- revision: b84e25d90f13
-- revises: 3f6c1c0a7b21
-- created: 2026-11-22T09:15:00Z

-- migrate:up
CREATE TABLE tag (
    note INTEGER NOT NULL REFERENCES note (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    PRIMARY KEY (note, name)
) WITHOUT ROWID;

-- The data moves in the same transaction as the schema.
WITH RECURSIVE split (note, name, rest) AS (
    SELECT id, '', tags || ',' FROM note WHERE tags <> ''
    UNION ALL
    SELECT note, substr(rest, 1, instr(rest, ',') - 1), substr(rest, instr(rest, ',') + 1)
    FROM split WHERE rest <> ''
)
INSERT INTO tag (note, name) SELECT note, name FROM split WHERE name <> '';

ALTER TABLE note DROP COLUMN tags;

-- migrate:down
ALTER TABLE note ADD COLUMN tags TEXT NOT NULL DEFAULT '';

UPDATE note SET tags = coalesce(
    (SELECT group_concat(name, ',') FROM tag WHERE tag.note = note.id), ''
);

DROP TABLE tag;

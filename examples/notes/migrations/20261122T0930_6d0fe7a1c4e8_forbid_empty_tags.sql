-- forbid empty tags
--
-- revision: 6d0fe7a1c4e8
-- revises: b84e25d90f13
-- created: 2026-11-22T09:30:00Z

-- migrate:up
CREATE TRIGGER tag_is_not_empty BEFORE INSERT ON tag
WHEN NEW.name = ''
BEGIN
    SELECT raise(ABORT, 'a tag must not be empty');
END;

-- migrate:down
DROP TRIGGER tag_is_not_empty;

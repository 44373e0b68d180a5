-- The second statement has a mistake.
INSERT INTO note (id, body) VALUES (1, 'one');

INSERT INTO nowhere (id)
VALUES (2);

CREATE TABLE queues (
    id BLOB PRIMARY KEY NOT NULL,
    project_id BLOB NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    spec_version_id BLOB REFERENCES spec_versions (id),
    overlap BIGINT NOT NULL CHECK (overlap BETWEEN 1 AND 15),
    reservation_minutes BIGINT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE INDEX queues_by_project ON queues (project_id, id);

CREATE TABLE pairs (
    id BLOB PRIMARY KEY NOT NULL,
    queue_id BLOB NOT NULL REFERENCES queues (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    messages TEXT NOT NULL,
    response_a TEXT NOT NULL,
    response_b TEXT NOT NULL,
    source_a TEXT NOT NULL,
    source_b TEXT NOT NULL,
    flagged BOOLEAN NOT NULL,
    UNIQUE (queue_id, position)
);

-- One row for each judgement that a pair may have. Counting judgements instead would let two
-- transactions pass each other.
CREATE TABLE slots (
    id BLOB PRIMARY KEY NOT NULL,
    pair_id BLOB NOT NULL REFERENCES pairs (id) ON DELETE CASCADE,
    slot BIGINT NOT NULL,
    done BOOLEAN NOT NULL,
    reserved_by BLOB REFERENCES users (id),
    reserved_until TEXT,
    UNIQUE (pair_id, slot)
);
CREATE INDEX slots_by_holder ON slots (reserved_by, done);

CREATE TABLE judgements (
    id BLOB PRIMARY KEY NOT NULL,
    pair_id BLOB NOT NULL REFERENCES pairs (id) ON DELETE CASCADE,
    -- The slot that the judgement fills; skips and flags fill none.
    slot_id BLOB UNIQUE REFERENCES slots (id),
    annotator_id BLOB NOT NULL REFERENCES users (id),
    -- Which time the annotator judges this pair; repeats measure self-consistency.
    repetition BIGINT NOT NULL,
    choice TEXT NOT NULL CHECK (choice IN ('a', 'b', 'tie', 'both_bad', 'skip', 'flag')),
    strongly BOOLEAN NOT NULL,
    a_was_left BOOLEAN NOT NULL,
    clauses TEXT NOT NULL,
    note TEXT NOT NULL,
    elapsed_ms BIGINT NOT NULL,
    created_at TEXT NOT NULL,
    UNIQUE (pair_id, annotator_id, repetition)
);

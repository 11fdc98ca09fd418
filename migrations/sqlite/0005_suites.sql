CREATE TABLE suites (
    id BLOB PRIMARY KEY NOT NULL,
    project_id BLOB NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL
        CHECK (kind IN ('domain', 'general_ability', 'over_refusal', 'robustness')),
    pass_rule TEXT NOT NULL,
    checks TEXT NOT NULL,
    item_count BIGINT NOT NULL,
    locked_at TEXT,
    created_at TEXT NOT NULL,
    UNIQUE (project_id, key, version)
);

CREATE TABLE suite_items (
    id BLOB PRIMARY KEY NOT NULL,
    suite_id BLOB NOT NULL REFERENCES suites (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    key TEXT NOT NULL,
    input TEXT NOT NULL,
    expected TEXT,
    coverage TEXT NOT NULL CHECK (coverage IN ('typical', 'edge', 'adversarial', 'negative')),
    clauses TEXT NOT NULL,
    tags TEXT NOT NULL,
    checks TEXT NOT NULL,
    UNIQUE (suite_id, position),
    UNIQUE (suite_id, key)
);

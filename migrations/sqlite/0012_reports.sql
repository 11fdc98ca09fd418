CREATE TABLE reports (
    id BLOB PRIMARY KEY NOT NULL,
    project_id BLOB NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    name TEXT NOT NULL,
    passed BOOLEAN NOT NULL,
    verdict TEXT NOT NULL,
    candidate_id BLOB NOT NULL REFERENCES model_versions (id),
    baseline_name TEXT NOT NULL,
    candidate_name TEXT NOT NULL,
    snapshot TEXT NOT NULL,
    created_by BLOB REFERENCES users (id),
    created_at TEXT NOT NULL,
    UNIQUE (project_id, number)
);

CREATE TABLE share_links (
    id BLOB PRIMARY KEY NOT NULL,
    report_id BLOB NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    secret_hash BLOB NOT NULL UNIQUE,
    expires_at TEXT NOT NULL,
    created_by BLOB REFERENCES users (id),
    created_at TEXT NOT NULL
);
CREATE INDEX share_links_by_report ON share_links (report_id, id);

CREATE TABLE alias_moves (
    id BLOB PRIMARY KEY NOT NULL,
    project_id BLOB NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name TEXT NOT NULL CHECK (name IN ('production')),
    model_version_id BLOB NOT NULL REFERENCES model_versions (id),
    report_id BLOB REFERENCES reports (id),
    override_reason TEXT,
    is_rollback BOOLEAN NOT NULL,
    moved_by BLOB REFERENCES users (id),
    moved_at TEXT NOT NULL
);
CREATE INDEX alias_moves_by_project ON alias_moves (project_id, name, id);

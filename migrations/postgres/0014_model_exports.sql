ALTER TABLE jobs DROP CONSTRAINT jobs_kind_check;
ALTER TABLE jobs ADD CONSTRAINT jobs_kind_check
    CHECK (kind IN ('training_run', 'evaluation', 'sample_pairs', 'import', 'model_export'));

-- A model version in a form that other programs read. What the job made is there once it succeeded.
CREATE TABLE model_exports (
    id UUID PRIMARY KEY NOT NULL,
    model_version_id UUID NOT NULL REFERENCES model_versions (id) ON DELETE CASCADE,
    format TEXT NOT NULL,
    job_id UUID NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    file_name TEXT,
    size_bytes BIGINT,
    content_hash TEXT,
    -- How far its logits are from the original's, as JSON.
    comparison TEXT,
    created_by UUID REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL,
    UNIQUE (model_version_id, format)
);

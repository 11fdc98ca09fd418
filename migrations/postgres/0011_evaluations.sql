-- A suite asked of a model version. Names and states are those of the rows it refers to; what it
-- found is frozen in the summary.
CREATE TABLE evaluations (
    id UUID PRIMARY KEY NOT NULL,
    project_id UUID NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    job_id UUID NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    model_version_id UUID NOT NULL REFERENCES model_versions (id),
    suite_id UUID NOT NULL REFERENCES suites (id),
    prompt_version_id UUID REFERENCES prompt_versions (id),
    -- The number of the spec version by whose clauses failures are sorted.
    spec_version BIGINT,
    decoding TEXT NOT NULL,
    -- What the batches that are written took together.
    seconds DOUBLE PRECISION NOT NULL,
    summary TEXT,
    created_by UUID REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL,
    UNIQUE (project_id, number)
);
CREATE INDEX evaluations_by_model ON evaluations (model_version_id, suite_id);

-- The position is that of the item in the suite, which is locked.
CREATE TABLE evaluation_results (
    evaluation_id UUID NOT NULL REFERENCES evaluations (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    output TEXT NOT NULL,
    passed BOOLEAN NOT NULL,
    score DOUBLE PRECISION NOT NULL,
    checks TEXT NOT NULL,
    categories TEXT NOT NULL,
    failed_clauses TEXT NOT NULL,
    prompt_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    latency_ms DOUBLE PRECISION NOT NULL,
    cut_off BOOLEAN NOT NULL,
    PRIMARY KEY (evaluation_id, position)
);

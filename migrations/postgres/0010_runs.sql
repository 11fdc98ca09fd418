CREATE TABLE runs (
    id UUID PRIMARY KEY NOT NULL,
    project_id UUID NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    name TEXT NOT NULL,
    method TEXT NOT NULL CHECK (method IN ('sft', 'dpo')),
    job_id UUID NOT NULL UNIQUE REFERENCES jobs (id),
    base_id UUID NOT NULL REFERENCES model_versions (id),
    dataset_version_id UUID NOT NULL REFERENCES dataset_versions (id),
    request TEXT NOT NULL,
    preflight TEXT NOT NULL,
    step BIGINT NOT NULL,
    total_steps BIGINT,
    loss DOUBLE PRECISION,
    validation_loss DOUBLE PRECISION,
    best_validation_loss DOUBLE PRECISION,
    tokens_per_second DOUBLE PRECISION,
    model_version_id UUID REFERENCES model_versions (id),
    created_by UUID REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL,
    UNIQUE (project_id, number)
);
CREATE INDEX runs_by_base ON runs (base_id, id);

CREATE TABLE run_events (
    run_id UUID NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    kind TEXT NOT NULL
        CHECK (kind IN ('started', 'step', 'evaluation', 'checkpoint', 'warning', 'finished')),
    step BIGINT NOT NULL,
    -- A later attempt went on from an earlier step, and tells this anew.
    superseded BOOLEAN NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (run_id, seq)
);
CREATE INDEX run_events_by_kind ON run_events (run_id, kind, step);

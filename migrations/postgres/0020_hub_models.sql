ALTER TABLE jobs DROP CONSTRAINT jobs_kind_check;
ALTER TABLE jobs ADD CONSTRAINT jobs_kind_check
    CHECK (kind IN ('training_run', 'evaluation', 'sample_pairs', 'import', 'model_export',
        'model_download'));

-- For a base from a hub: its name there with the commit.
ALTER TABLE model_versions ADD COLUMN hub TEXT;

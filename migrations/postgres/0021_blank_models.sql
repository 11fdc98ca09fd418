ALTER TABLE jobs DROP CONSTRAINT jobs_kind_check;
ALTER TABLE jobs ADD CONSTRAINT jobs_kind_check
    CHECK (kind IN ('training_run', 'evaluation', 'sample_pairs', 'import', 'model_export',
        'model_download', 'blank_model'));
ALTER TABLE model_versions DROP CONSTRAINT model_versions_kind_check;
ALTER TABLE model_versions ADD CONSTRAINT model_versions_kind_check
    CHECK (kind IN ('base', 'blank', 'adapter', 'tuned', 'reward'));
ALTER TABLE model_versions DROP CONSTRAINT model_versions_check;
ALTER TABLE model_versions ADD CONSTRAINT model_versions_check
    CHECK ((kind NOT IN ('base', 'blank')) = (base_id IS NOT NULL));

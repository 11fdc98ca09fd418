ALTER TABLE model_versions DROP CONSTRAINT model_versions_kind_check;
ALTER TABLE model_versions ADD CONSTRAINT model_versions_kind_check
    CHECK (kind IN ('base', 'adapter', 'reward'));
ALTER TABLE model_versions DROP CONSTRAINT model_versions_check;
ALTER TABLE model_versions ADD CONSTRAINT model_versions_check
    CHECK ((kind <> 'base') = (base_id IS NOT NULL));
ALTER TABLE runs DROP CONSTRAINT runs_method_check;
ALTER TABLE runs ADD CONSTRAINT runs_method_check
    CHECK (method IN ('sft', 'dpo', 'orpo', 'simpo', 'kto', 'reward'));

-- Answers that a reward model chooses from several.
ALTER TABLE evaluations ADD COLUMN reward_model_id BLOB REFERENCES model_versions (id);
-- How many answers it chooses from.
ALTER TABLE evaluations ADD COLUMN best_of BIGINT
    CHECK (best_of >= 2) CHECK ((best_of IS NULL) = (reward_model_id IS NULL));
ALTER TABLE evaluation_results ADD COLUMN reward_score REAL;
ALTER TABLE reports ADD COLUMN candidate_best_of BIGINT;

ALTER TABLE runs DROP CONSTRAINT runs_method_check;
ALTER TABLE runs ADD CONSTRAINT runs_method_check
    CHECK (method IN ('sft', 'pretrain', 'dpo', 'orpo', 'simpo', 'kto', 'reward'));

-- What a candidate is held to on a suite. Suites from before had no gate: they become guards.
ALTER TABLE suites ADD COLUMN gate TEXT NOT NULL DEFAULT '{"type":"guard","margin":0.05}';

-- When the step of a strategy falls due by which an attempt was made, such as promise+1d; '' where that was before this column.
ALTER TABLE attempt ADD COLUMN step_trigger TEXT NOT NULL DEFAULT '';

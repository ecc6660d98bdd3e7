"""Drawing as pure functions: a view and a size in, styled lines out."""

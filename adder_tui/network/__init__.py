"""The Network tab: the diagram and the trace of one sum."""

"""The form that changes the experiment."""

"""What fills the stage under each tab."""

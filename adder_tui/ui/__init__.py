"""What all tabs and screens share: lines, numbers, charts, fields, dialogs, the shell."""

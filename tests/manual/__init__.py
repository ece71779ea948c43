"""The manual: pages made from the table of commands and from the prose in `pages/`."""

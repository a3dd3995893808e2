"""Who is who across systems, where only people know: the files of `identities/`, and what is still missing in them."""

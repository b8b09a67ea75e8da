"""The strategies that come with the desk, one file each."""

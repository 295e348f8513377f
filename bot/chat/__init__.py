"""Where people and Lapwing talk: one adapter a platform, each of which only translates."""

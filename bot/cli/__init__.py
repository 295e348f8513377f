"""The `lapwing` program, a module a command. Heavy rooms are entered inside the commands, so that --help is quick."""

// Package author says who is at this terminal.
package author

import "os/user"

// Name is who is at this terminal, as the environment says, or else the user of this process;
// empty where nobody knows.
func Name(getenv func(string) (string, bool)) string {
	for _, name := range []string{"USER", "LOGNAME"} {
		if who, _ := getenv(name); who != "" {
			return who
		}
	}
	if who, err := user.Current(); err == nil {
		return who.Username
	}
	return ""
}

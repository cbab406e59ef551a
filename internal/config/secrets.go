package config

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"

	"github.com/autoscaled/autoscaled/internal/secret"
	"github.com/autoscaled/autoscaled/internal/words"
)

// maxSecretBytes bounds what a reference leads to.
const maxSecretBytes = 64 << 10

var (
	variableName   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	credentialName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*$`)
)

// protection says what other users may not do with a file.
type protection struct {
	forbidden fs.FileMode // permission bits
	remedy    string      // the mode to give to chmod
}

var (
	ownerOnly   = protection{0o077, "go-rwx"}
	ownerWrites = protection{0o022, "go-w"}
	systemd     = protection{} // a credential: who may read it is systemd's concern
)

// confidential reads what the reference leads to, and refuses a file that
// others can read. Its errors repeat the value only if it is a whole reference:
// anything else may be a secret written out.
func (e Env) confidential(value string) (secret.Secret, error) { return e.resolve(value, ownerOnly) }

// public is confidential for what everybody may read, but only the owner write.
func (e Env) public(value string) (secret.Secret, error) { return e.resolve(value, ownerWrites) }

func (e Env) resolve(value string, files protection) (secret.Secret, error) {
	content, err := e.content(value, files)
	if err != nil || e.SkipSecrets {
		return secret.Secret{}, err
	}
	if strings.ContainsFunc(content, unicode.IsControl) {
		return secret.Secret{}, fmt.Errorf("%s holds more than one line, or no text: put only the secret there", words.Shown(value))
	}
	return secret.New(content), nil
}

// content is what the reference leads to, of any number of lines. It is never
// empty, save that nothing is read when secrets are to be skipped.
func (e Env) content(value string, files protection) (string, error) {
	scheme, target, _ := strings.Cut(value, ":")
	var content string
	var err error
	switch scheme {
	case "file":
		content, err = e.fromFile(target, files)
	case "env":
		content, err = e.fromVariable(target)
	case "credential":
		content, err = e.fromCredential(target)
	default:
		return "", errors.New("is written out, but must be referred to: write file:PATH, env:NAME or credential:NAME")
	}
	if err == nil && content == "" && !e.SkipSecrets {
		return "", fmt.Errorf("%s is empty: put the secret there", words.Shown(value))
	}
	return content, err
}

func (e Env) fromVariable(variable string) (string, error) {
	if !variableName.MatchString(variable) {
		return "", errors.New("what follows env: is not the name of a variable: write env:NAME")
	}
	if e.SkipSecrets {
		return "", nil
	}
	content, found := e.LookupEnv(variable)
	if !found {
		return "", fmt.Errorf("the variable %s is not set: set it where the daemon is started", words.Shown(variable))
	}
	return content, nil
}

// fromCredential reads a credential that systemd has passed on to the daemon
// (systemd.exec(5): LoadCredential).
func (e Env) fromCredential(credential string) (string, error) {
	if !credentialName.MatchString(credential) {
		return "", errors.New("what follows credential: is not the name of a credential: write credential:NAME")
	}
	if e.SkipSecrets {
		return "", nil
	}
	directory := e.lookup("CREDENTIALS_DIRECTORY", "")
	if directory == "" {
		name := words.Shown(credential)
		return "", fmt.Errorf("systemd has passed on no credentials: write LoadCredential=%s:PATH into the unit; by hand, name the folder that has the file %s, as in export CREDENTIALS_DIRECTORY=/etc/autoscaled", name, name)
	}
	return e.fromFile(filepath.Join(directory, credential), systemd)
}

func (e Env) fromFile(path string, files protection) (string, error) {
	if _, err := absolutePath.parse(path); err != nil {
		return "", errors.New("what follows file: is not an absolute path: write file:/PATH")
	}
	if e.SkipSecrets {
		return "", nil
	}
	file, err := e.Open(path)
	if err != nil {
		return "", fmt.Errorf("%w: put the secret there, readable by the daemon's user", err)
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	switch {
	case err != nil:
		return "", fmt.Errorf("%w: put the secret there, readable by the daemon's user", err)
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("%s is not a regular file: put the secret into one", path)
	case info.Mode()&files.forbidden != 0:
		return "", fmt.Errorf("%s is open to other users (mode %04o): run chmod %s %s", path, info.Mode().Perm(), files.remedy, path)
	}
	return readSecret(file, path)
}

// readSecret reads the file without the newline that ends its last line.
func readSecret(file io.Reader, path string) (string, error) {
	content, err := io.ReadAll(io.LimitReader(file, maxSecretBytes+1))
	if err != nil {
		return "", fmt.Errorf("%w: put the secret there, readable by the daemon's user", err)
	}
	if len(content) > maxSecretBytes {
		return "", fmt.Errorf("%s is larger than %d bytes: put only the secret there", path, maxSecretBytes)
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r"), nil
}

// community is confidential, save that the word public, which everybody knows, may
// be written out.
func (e Env) communities() parser[secret.Secret] {
	return parser[secret.Secret]{e.community, like(`^`+publicCommunity+`$|`+referencePattern, "`"+publicCommunity+"`, or a secret")}
}

func (e Env) community(value string) (secret.Secret, error) {
	if value == publicCommunity {
		return secret.New(publicCommunity), nil
	}
	return e.confidential(value)
}

const publicCommunity = "public"

// sshPublicKey is public for one line of an authorized_keys file.
func (e Env) sshPublicKey(value string) (secret.Secret, error) {
	key, err := e.public(value)
	if err != nil || e.SkipSecrets {
		return key, err
	}
	if !isPublicKey(key.Reveal()) {
		return secret.Secret{}, fmt.Errorf("%s holds no SSH public key: put the one line of a .pub file there", words.Shown(value))
	}
	return key, nil
}

// isPublicKey says that line is a type, the key in base64, and perhaps a
// comment (sshd(8): AUTHORIZED_KEYS FILE FORMAT, without options). The key
// begins with its type once more, as a string behind its length (RFC 4253 §6.6).
func isPublicKey(line string) bool {
	fields := strings.Fields(line)
	if len(fields) < 2 {
		return false
	}
	blob, err := base64.StdEncoding.DecodeString(fields[1])
	if err != nil || len(blob) < 4 {
		return false
	}
	length := uint64(binary.BigEndian.Uint32(blob))
	return length < uint64(len(blob)-4) && string(blob[4:4+length]) == fields[0]
}

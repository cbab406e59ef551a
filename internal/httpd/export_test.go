package httpd

// ReadPush reads a pushed value.
var ReadPush = readPush

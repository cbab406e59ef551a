package httpd

// ReadPush reads a pushed value.
var ReadPush = readPush

// Limit bounds the connections that are open at a time.
var Limit = limit

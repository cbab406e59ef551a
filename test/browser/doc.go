// Package browser tries the dashboard as people use it: in Chromium, before a real daemon
// and a simulated cloud.
//
// It is a module of its own, since the daemon needs none of what drives a browser.
// test/browser.sh runs it.
package browser

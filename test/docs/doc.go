// Package docs executes what the documentation shows: README.md, CONTRIBUTING.md and the pages
// under docs/. A test for each page runs its commands from top to bottom, judges its
// configurations by the program, and compares the output that it shows. test/docs.sh
// runs it; without AUTOSCALED_BIN only the tests of its own parts run.
//
// Each page has a file system, a network and processes of its own, thrown away at the end, in
// which it is root and may write everywhere. A comment before its first fence, as in
//
//	<!-- runs in: a rehearsal, prometheus -->
//
// says what else there is:
//
//   - nothing: the program, and empty folders for it. This is the default;
//   - a rehearsal: a simulated cloud, and a daemon with a group that acts on it and one that recommends (worlds/rehearsal.yaml), started
//     as the package's unit does; systemctl starts, stops and restarts it (worlds/systemctl);
//   - a rehearsal over TLS: the same at https://autoscaled.example.jp:9469, and an administrator's token in the file token;
//   - an installation: the configuration that the packages install;
//   - GP-API: the simulated cloud alone, in the real one's place, and the keys to it;
//   - an agent: snmpd;
//   - prometheus: Prometheus with its node exporter;
//   - the repository: a copy of it, in which the page begins.
//
// Each fence names its language:
//
//   - sh is executed, in one shell for the whole page, up to the first failure. A line that ends
//     in " &" is waited for until it listens;
//   - text right behind sh must have been printed, line by line in this order, whatever else is
//     between: numbers and durations match any others, blanks any blanks, … anything;
//   - yaml is a configuration, or a part of one, which is put at its place by its keys; or one of
//     Prometheus' programs, and then judged by these. What is of others must parse;
//   - json must parse; of python, ruby, javascript and promql the syntax is checked;
//   - ini, http, dockerfile and mermaid are only shown.
//
// When the sentence before a fence ends with a path in backquotes and a colon, the fence is that
// file: it is written when the page comes to it, and not executed. A comment right before a
// fence of commands can alter how they are run:
//
//	<!-- not run: REASON -->        at most 10 in all
//	<!-- stopped after: 3s -->      they are interrupted then, and must have printed something
//	<!-- until it shows: TEXT -->   they are repeated until then
//
// And a comment that begins with "before:" has commands that readers do not see, for what the
// page takes for granted.
package docs

// What other tools call what a command does, for the message after a word that is none of ours: letters that are alike
// have no suggestion for `deregister`.

const synonyms: ReadonlyMap<string, string> = new Map(
  Object.entries({
    serve: 'start server daemon agent standalone',
    'check-zones': 'check validate lint verify checkzone named-checkzone',
    'check-services': 'check-service check-files validate-services',
    config: 'settings configuration conf env printenv',
    ls: 'list apps services catalog catalogue envs ps',
    show: 'get describe inspect instances instance info status',
    register: 'add create put new join publish announce',
    cancel: 'deregister unregister remove rm delete del leave withdraw revoke unpublish',
    drain: 'disable maintenance maint down cordon suspend pause out',
    up: 'undrain enable resume uncordon unmaint unpause activate',
    watch: 'follow top monitor stream',
    events: 'log logs history audit changes tail journal',
    restore: 'undo undelete rollback recover revert',
    guard: 'protection self-preservation selfpreservation protect evictions',
    run: 'renew heartbeat heartbeats exec keepalive keep wrap supervise beat',
    resolve: 'dig lookup query nslookup host why dns find ask getent',
    doctor: 'diagnose ping health healthcheck check-resolver debug test',
    snippet: 'snippets template generate example recipe',
    completion: 'completions complete autocomplete',
  }).flatMap(([command, words]) => words.split(' ').map((word) => [word, command] as const)),
);

/** The command for what the word means in other registries. */
export function commandMeantBy(word: string): string | undefined {
  return synonyms.get(word.toLowerCase());
}

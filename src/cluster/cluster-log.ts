// How the parts of a cluster's node report what happens: facts for programs, and a sentence.

export type ClusterLog = (level: 'debug' | 'info' | 'warn' | 'error', facts: object, message: string) => void;

// `rollcall/client`: what the package exports. It needs nothing of the server's parts.

export type { CallOptions, Retry } from './calls/balanced-calls.ts';
export type { BreakerState } from './calls/line.ts';
export type { StrategyName } from './choice/strategies.ts';
export type { DiscoverOptions, Discovery, DiscoveryEvents, Source } from './discovery/discovery.ts';
export type { Endpoint, Instance } from './discovery/instance.ts';
export type { ClientOptions } from './options.ts';
export type { CancelOptions, DrainOptions, DrainResult } from './registration/leaving.ts';
export type { Membership, MembershipEvents, MembershipState } from './registration/membership.ts';
export type { Registration, RegistrationChanges } from './registration/registration.ts';
export { type ClientEvents, RollcallClient } from './rollcall-client.ts';
export { RollcallError, type RollcallErrorCode } from './rollcall-error.ts';
export type { Time } from './time.ts';
export type { WaitOptions } from './waiting.ts';

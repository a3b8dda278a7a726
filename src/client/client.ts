// `rollcall/client`: what the package exports: the client, its error, and every type that can be reached from them. It
// needs nothing of the server's parts.

export type { InstanceKey } from '../model/names.ts';
export type { Problem } from '../model/problem.ts';
export type { Scheduler } from '../runtime/scheduler.ts';
export type { CallOptions, Retry } from './calls/balanced-calls.ts';
export type { BreakerState } from './calls/endpoint-circuit.ts';
export type { StrategyName } from './choice/strategies.ts';
export type { DiscoverOptions, Discovery, DiscoveryEvents, Source } from './discovery/discovery.ts';
export type { Endpoint, Instance } from './discovery/instance.ts';
export type { WaitOptions } from './latch.ts';
export type { CircuitBreakerOptions, ClientOptions, DnsOptions, RetryBudgetLimits } from './options.ts';
export type { InstancePath } from './registration/instance-path.ts';
export type { CancelOptions, CancelResult, DrainOptions, DrainResult } from './registration/leaving.ts';
export type { Membership, MembershipEvents, MembershipState } from './registration/membership.ts';
export type { Registration, RegistrationChanges } from './registration/registration.ts';
export type { RegistrationReply } from './registration/registration-reply.ts';
export type { Fetch, HttpRequest, HttpResponse } from './registry/http-request.ts';
export { type ClientEvents, type PickOptions, RollcallClient } from './rollcall-client.ts';
export { type RegistryRefusal, RollcallError, type RollcallErrorCode } from './rollcall-error.ts';
export type { TypedEmitter } from './typed-emitter.ts';

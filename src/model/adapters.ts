// The fronts of other registries' APIs that can be switched on, as the setting `adapters` names them.

export const AdapterName = ['consul', 'discovery', 'eureka', 'nacos', 'tutorial'] as const;
export type AdapterName = (typeof AdapterName)[number];

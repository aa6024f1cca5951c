/** The formats that violations are exported in. */
export const FORMATS = ['json', 'csv', 'ocsf', 'asff', 'splunk'] as const
export type Format = (typeof FORMATS)[number]

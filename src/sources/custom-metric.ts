/**
 * One custom metric's value from the file or program that has it. The others are not read here: they come
 * out of the snapshot of /proc that is taken anyway, or out of the agent itself.
 */
import { CustomMetricError, type CustomMetricSource, parseCustomMetric } from '../metrics/custom.ts'
import type { CustomMetricValue } from '../metrics/snapshot.ts'
import { readFileSource } from './file-source.ts'
import { runProgramSource } from './program-source.ts'
import { SourceError } from './source-error.ts'

export type ExternalSource = Extract<CustomMetricSource, { readonly kind: 'file' | 'program' }>

/** Throws a SourceError whose message begins with the metric's name; ends early with `aborted` when `signal` says so. */
export async function readCustomMetric(
  name: string,
  source: ExternalSource,
  signal?: AbortSignal,
): Promise<CustomMetricValue> {
  try {
    return parseCustomMetric(source.type, await textOf(source, signal), source.jsonPointer)
  } catch (error) {
    if (error instanceof SourceError)
      throw new SourceError(error.code, `custom metric ${name}: ${error.message}`, error)
    if (!(error instanceof CustomMetricError)) throw error
    const where = source.kind === 'file' ? source.path : source.argv[0]
    throw new SourceError('value', `custom metric ${name}: ${where}: ${error.message}`, error)
  }
}

async function textOf(source: ExternalSource, signal?: AbortSignal): Promise<string> {
  return source.kind === 'file' ? readFileSource(source, signal) : runProgramSource(source, signal)
}

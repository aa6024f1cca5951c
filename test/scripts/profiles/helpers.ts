/** Profile files from texts, for the tests of what reads them. */
import { openDocument } from '../../../scripts/profiles/document.ts'
import { formatFault } from '../../../scripts/profiles/fault.ts'
import { type ReadProfiles, readDocuments } from '../../../scripts/profiles/file.ts'

/** @param texts by path */
export function readTexts(texts: Readonly<Record<string, string>>): ReadProfiles {
  const documents = Object.entries(texts).map(([path, text]) => {
    const opened = openDocument(path, text)
    if (!opened.ok) throw new Error(`${path}: ${JSON.stringify(opened.faults)}`)
    return opened.document
  })
  return readDocuments(documents)
}

/** The same, where no fault is expected. */
export function readWhole(texts: Readonly<Record<string, string>>): ReadProfiles {
  const read = readTexts(texts)
  if (read.faults.length > 0) throw new Error(read.faults.map(formatFault).join('\n'))
  return read
}

export class Written {
  readonly out: string[] = []
  readonly errors: string[] = []
  readonly write = (text: string): void => {
    this.out.push(text)
  }
  readonly writeError = (line: string): void => {
    this.errors.push(line)
  }

  get text(): string {
    return this.out.join('')
  }
}

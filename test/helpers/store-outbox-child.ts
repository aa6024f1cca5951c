/**
 * A process that appends to, and empties, the outbox in the directory given, as fast as it can, until it is killed.
 * Each line it prints is in the pipe before it goes on: `begin n`, `appended n`, `handed n`, `done n`.
 */
import { writeSync } from 'node:fs'
import { openOutbox } from '../../src/store/outbox.ts'

const [directory = '', from = '0'] = process.argv.slice(2)
const say = (what: string, number: number) => writeSync(1, `${what} ${number}\n`)

const outbox = await openOutbox(directory, { now: Date.now, bytesMax: 64 * 1024 })
for (let next = Number(from); ; next += 1) {
  say('begin', next)
  // Long enough that a file is full after a few, and of both ways to write.
  const payload = Buffer.from(String(next).padEnd(300, '.'))
  const kind = next % 3 === 0 ? 'report-copy' : 'violation'
  await outbox.append({ kind, topic: 't', payload, createdAt: Date.now() })
  say('appended', next)
  // Two behind on average, so that the queue is neither empty nor full.
  if (outbox.size().entries < next % 5) continue
  const oldest = await outbox.peek()
  if (oldest === undefined) continue
  const number = Number.parseInt(Buffer.from(oldest.payload).toString(), 10)
  say('handed', number)
  await outbox.acknowledge(oldest.id)
  say('done', number)
}

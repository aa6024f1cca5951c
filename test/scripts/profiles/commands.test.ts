import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { build } from 'esbuild'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { backtestCommand } from '../../../scripts/commands/backtest.ts'
import { lint, profilesCommand, validate } from '../../../scripts/commands/profiles.ts'
import { testCommand } from '../../../scripts/commands/test.ts'
import { historyLines, quietDay, writeFiles } from './days.ts'
import { Written } from './helpers.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'defender-profiles-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const tutorial = join(root, 'test/fixtures/profiles/published/DataExfiltrationCheck.json')
const pack = join(root, 'component/profiles')

describe('exit status', () => {
  const cases: { name: string; paths: () => string[]; validate: number; lint: number }[] = [
    { name: 'clean', paths: () => [pack], validate: 0, lint: 0 },
    { name: 'legal and turned round', paths: () => [tutorial], validate: 0, lint: 1 },
    {
      name: 'not legal',
      paths: () => [join(root, 'test/fixtures/profiles/bad/custom-type.bad.yaml')],
      validate: 1,
      lint: 1,
    },
    { name: 'not there', paths: () => [pack, join(folder, 'none.yaml')], validate: 2, lint: 2 },
  ]
  test.each(cases)('$name', async (expected) => {
    expect(await validate(expected.paths(), 'text', new Written())).toBe(expected.validate)
    expect(await lint(expected.paths(), { output: 'json' }, new Written())).toBe(expected.lint)
  })
})

test('validate says what it read', async () => {
  const io = new Written()
  await validate([tutorial], 'text', io)
  expect(io.text).toBe(`${tutorial}: DataExfiltrationCheck, 1 behavior: valid\n`)
})

test("lint names the tutorial's polarity with line and fix; --fix mends it, and lint is content", async () => {
  const file = join(folder, 'rule.json')
  await writeFile(file, await readFile(tutorial, 'utf8'))
  const before = new Written()
  expect(await lint([file], { output: 'text' }, before)).toBe(1)
  expect(before.text).toContain(
    `${file}:9:39: warning statistic-turned-round: behaviors[0].criteria.comparisonOperator: criteria say what is normal: "greater-than" p99.99 takes about 99.99 % of all datapoints for violations
    fix: "comparisonOperator": "less-than-equals" (--fix does it)
`,
  )
  const after = new Written()
  expect(await lint([file], { output: 'text', fix: true }, after)).toBe(0)
  expect(after.text).toContain(
    `${file}: mended statistic-turned-round at behaviors[0].criteria.comparisonOperator\n`,
  )
  expect(after.text).toContain('1 file: 0 warnings, 2 notes')
  expect(await lint([file], { output: 'text', strict: true }, new Written())).toBe(1)
})

describe('lint of what cannot be read has no word of success', () => {
  const broken = join(root, 'test/fixtures/profiles/bad/json-cut.bad.json')
  test.each([join(root, 'none.yaml'), broken])('%s alone', async (path) => {
    const io = new Written()
    await lint([path], { output: 'text' }, io)
    expect(io.text).toBe('')
    expect(io.errors).toHaveLength(1)
  })

  test('beside others', async () => {
    const io = new Written()
    await lint([pack, broken], { output: 'text' }, io)
    expect(io.text).toMatch(/\d files: .*; 1 file with faults\n$/)
  })
})

function commandsBelow(command: Command): Command[] {
  return [command, ...command.commands.flatMap(commandsBelow)]
}

const offline = ['profiles', 'validate', 'lint', 'schema', 'suggest', 'test', 'backtest']

test.each(
  [profilesCommand(), testCommand(), backtestCommand()]
    .flatMap(commandsBelow)
    .filter((command) => offline.includes(command.name()))
    .map((command) => ({ name: command.name(), command })),
)('the help of $name reads well at 80 columns and has examples', ({ command }) => {
  let help = ''
  command.configureOutput({ writeOut: (text) => (help += text), getOutHelpWidth: () => 80 }).outputHelp()
  expect(help.split('\n').filter((line) => line.length > 80)).toEqual([])
  expect(help).toMatch(/Example|Start with/)
})

test('threads give the tally that one thread gives', async () => {
  const bundle = join(root, 'node_modules', '.cache', `backtest-${process.pid}`)
  await build({
    stdin: {
      contents: `import { backtestCommand } from './scripts/commands/backtest.ts'
        await backtestCommand().parseAsync(process.argv)`,
      resolveDir: root,
      loader: 'ts',
    },
    outdir: bundle,
    entryNames: 'main',
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    outExtension: { '.js': '.mjs' },
  })
  try {
    const devices = ['a', 'b', 'c', 'd', 'e']
    const fleet = devices.map((name, index) => [`${name}.jsonl`, historyLines(quietDay(index))])
    await writeFiles(join(folder, 'fleet'), Object.fromEntries(fleet))
    const run = (jobs: number) =>
      spawnSync(
        process.execPath,
        [
          join(bundle, 'main.mjs'),
          join(pack, 'exfiltration.json'),
          join(folder, 'fleet'),
          '--output',
          'json',
          '--jobs',
          String(jobs),
        ],
        { encoding: 'utf8' },
      )
    const [one, three] = [run(1), run(3)]
    expect([one.stderr, three.stderr]).toEqual(['', ''])
    expect(JSON.parse(one.stdout)).toMatchObject({ devices: 5, records: 5 * 288 })
    expect(three.stdout).toBe(one.stdout)
  } finally {
    await rm(bundle, { recursive: true, force: true })
  }
})

import { expect, test } from 'vitest'
import { interpolate } from '../../src/local-core/interpolation.ts'

/** A variable in the shell's braces. */
const BRACED = ['$', '{HOME}'].join('')

const variables = {
  configuration: { Text: 'a b', Number: 5, Deep: { x: [1, 'q"'] }, Evil: '$(reboot) `x` \\', 'a/b': 'slash' },
  artifactsPath: '/gg/artifacts',
  decompressedPath: '/gg/unzipped',
  workPath: '/gg/work',
  rootPath: '/gg',
  thingName: 'core-1',
}

test.each([
  { name: 'no variable', script: 'echo $HOME', classic: 'echo $HOME', lite: 'echo $HOME' },
  {
    name: 'a directory: lite ends it with a slash',
    script: 'cd {artifacts:decompressedPath}/x',
    classic: 'cd /gg/unzipped/x',
    lite: 'cd /gg/unzipped//x',
  },
  {
    name: 'the other directories',
    script: '{artifacts:path} {work:path} {kernel:rootPath} {iot:thingName}',
    classic: '/gg/artifacts /gg/work /gg core-1',
    lite: '/gg/artifacts/ /gg/work/ /gg/ core-1',
  },
  {
    name: 'configuration: text, number, object',
    script: '{configuration:/Text} {configuration:/Number} {configuration:/a~1b}',
    classic: 'a b 5 slash',
    lite: 'a b 5 slash',
  },
  {
    name: 'an object is JSON; lite escapes for double quotes',
    script: '"{configuration:/Deep}"',
    classic: '"{"x":[1,"q\\""]}"',
    lite: '"{\\"x\\":[1,\\"q\\\\\\"\\"]}"',
  },
  {
    name: 'what the shell would read: only lite escapes it',
    script: '"{configuration:/Evil}"',
    classic: '"$(reboot) `x` \\"',
    lite: '"\\$(reboot) \\`x\\` \\\\"',
  },
  {
    name: 'a missing key: classic leaves it, lite cuts the script off',
    script: 'echo one; echo {configuration:/Missing}; echo two',
    classic: 'echo one; echo {configuration:/Missing}; echo two',
    lite: 'echo one; echo ',
  },
  {
    name: "the shell's own braces",
    script: `echo one; echo ${BRACED}; echo two`,
    classic: `echo one; echo ${BRACED}; echo two`,
    lite: 'echo one; echo $',
  },
  { name: 'a brace that never closes', script: 'echo {x', classic: 'echo {x', lite: 'echo ' },
  {
    name: 'a value is not read again',
    script: '{configuration:/Deep}',
    classic: '{"x":[1,"q\\""]}',
    lite: '{\\"x\\":[1,\\"q\\\\\\"\\"]}',
  },
])('$name', ({ script, classic, lite }) => {
  expect(interpolate('classic', script, variables)).toBe(classic)
  expect(interpolate('lite', script, variables)).toBe(lite)
})

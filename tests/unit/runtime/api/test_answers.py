from oslotest import base

from novacontainer.runtime.api import answers


class AnswersTest(base.BaseTestCase):

    def test_the_content_type_is_bare(self):
        for answer in (answers.whole({}), answers.stream()):
            self.assertEqual('application/json',
                             answer.headers['Content-Type'])

    def test_any_text_can_be_written(self):
        self.assertEqual(b'{"a": "\\udcff\\u00e4"}\n',
                         answers.line({'a': '\udcff\u00e4'}))

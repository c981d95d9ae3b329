#include "target/config/conf_tree.h"

#include <utility>

#include "target/config/values.h"

namespace srpt::config {
namespace {

struct Token {
  enum class Kind { kWord, kOpen, kClose, kNewline, kEnd };
  Kind kind = Kind::kEnd;
  int line = 0;
  std::string word;
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  // False: `what` says what is wrong on line().
  bool Next(Token& token, std::string& what, std::string& expected) {
    while (at_ < text_.size() && IsBlank(text_[at_])) ++at_;
    if (at_ < text_.size() && text_[at_] == '#') {
      for (; at_ < text_.size() && text_[at_] != '\n'; ++at_) {
        if (IsControl(text_[at_])) return Control(what, expected);
      }
    }
    token = Token{};
    token.line = line_;
    if (at_ == text_.size()) return true;
    switch (text_[at_]) {
      case '\n':
        ++at_;
        ++line_;
        token.kind = Token::Kind::kNewline;
        return true;
      case '{':
        ++at_;
        token.kind = Token::Kind::kOpen;
        return true;
      case '}':
        ++at_;
        token.kind = Token::Kind::kClose;
        return true;
      default:
        token.kind = Token::Kind::kWord;
        return text_[at_] == '"' ? Quoted(token.word, what, expected)
                                 : Plain(token.word, what, expected);
    }
  }
  int line() const { return line_; }

 private:
  static bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
  static bool Control(std::string& what, std::string& expected) {
    what = "a control character";
    expected = "text";
    return false;
  }

  bool Plain(std::string& word, std::string& what, std::string& expected) {
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (IsBlank(c) || c == '\n' || c == '{' || c == '}' || c == '#' || c == '"') break;
      if (IsControl(c)) return Control(what, expected);
      word += c;
    }
    return true;
  }
  bool Quoted(std::string& word, std::string& what, std::string& expected) {
    for (++at_; at_ < text_.size() && text_[at_] != '\n'; ++at_) {
      char c = text_[at_];
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n') c = text_[++at_];
      if (IsControl(c)) return Control(what, expected);
      word += c;
    }
    what = "a quoted word has no end";
    expected = "a '\"' on the same line";
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
};

class Parser {
 public:
  Parser(std::string_view text, const std::string& filename) : lexer_(text), file_(filename) {}

  Result<std::vector<Statement>, ConfigError> Run() {
    std::vector<Statement> statements;
    if (!Section(statements, 0, 0)) return Err{error_};
    return statements;
  }

 private:
  bool Fail(int line, std::string what, std::string expected) {
    error_ = {file_, line, std::move(what), std::move(expected)};
    return false;
  }

  // Statements up to the '}' of the section that opened on line `opened`, or to the end (depth 0).
  bool Section(std::vector<Statement>& into, int depth, int opened) {
    Statement current;  // No words: none begun.
    for (;;) {
      Token token;
      std::string what, expected;
      if (!lexer_.Next(token, what, expected)) return Fail(lexer_.line(), what, expected);
      switch (token.kind) {
        case Token::Kind::kWord:
          if (current.words.empty()) current.line = token.line;
          if (current.has_section) {
            return Fail(token.line, "'" + token.word + "' after '}'", "a new line");
          }
          current.words.push_back(std::move(token.word));
          break;
        case Token::Kind::kOpen:
          if (current.words.empty()) {
            return Fail(token.line, "'{' without a statement before it",
                        "'{' at the end of the line that names the section");
          }
          if (current.has_section) return Fail(token.line, "a second section", "a new line");
          if (depth + 1 > kConfDepthMax) {
            return Fail(token.line, "sections are nested too deeply",
                        "at most " + std::to_string(kConfDepthMax) + " levels");
          }
          current.has_section = true;
          if (!Section(current.section, depth + 1, current.line)) return false;
          break;
        case Token::Kind::kNewline:
          if (!current.words.empty()) into.push_back(std::exchange(current, Statement{}));
          break;
        case Token::Kind::kClose:
        case Token::Kind::kEnd:
          if (!current.words.empty()) into.push_back(std::move(current));
          if (token.kind == Token::Kind::kClose && depth == 0) {
            return Fail(token.line, "'}' without a section to close", "a statement");
          }
          if (token.kind == Token::Kind::kEnd && depth > 0) {
            return Fail(token.line,
                        "the file ends inside the section of line " + std::to_string(opened),
                        "'}'");
          }
          return true;
      }
    }
  }

  Lexer lexer_;
  const std::string file_;
  ConfigError error_;
};

}  // namespace

Result<std::vector<Statement>, ConfigError> ParseConfTree(std::string_view text,
                                                          const std::string& filename) {
  return Parser(text, filename).Run();
}

}  // namespace srpt::config

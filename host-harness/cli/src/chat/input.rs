//! What a person types: a message, or a command to the chat.

/// One line of input.
#[derive(Debug, PartialEq)]
pub(super) enum Input<'a> {
    /// Attach a document to the next message.
    File(&'a str),
    /// End the chat.
    Exit,
    /// List the commands.
    Help,
    /// Attach an image to the next message.
    Image(&'a str),
    /// A blank line.
    Nothing,
    /// A message to the model.
    Message(&'a str),
    /// Forget what was said.
    Reset,
    /// Write the conversation to a file.
    Save(&'a str),
}

/// What `/help` says.
pub(super) const HELP: &str = "\
/image FILE|URL  attach an image to the next message
/file FILE|URL   attach a document to the next message
/save FILE       write the conversation as a chat request, for --resume and `run --request`
/reset           forget what was said, but not the instructions
/help            this list
/exit            end the chat; Ctrl-D does too
A message that begins with a slash is written with two.";

/// Reads a line. An error is what is wrong with a command.
pub(super) fn parse(line: &str) -> Result<Input<'_>, String> {
    let line = line.trim();
    let Some(command) = line.strip_prefix('/') else {
        return Ok(match line {
            "" => Input::Nothing,
            message => Input::Message(message),
        });
    };
    if command.starts_with('/') {
        return Ok(Input::Message(command));
    }
    let (name, argument) = command
        .split_once(char::is_whitespace)
        .unwrap_or((command, ""));
    let argument = argument.trim();
    let input = match name {
        "exit" => Input::Exit,
        "file" => Input::File(argument),
        "help" => Input::Help,
        "image" => Input::Image(argument),
        "reset" => Input::Reset,
        "save" => Input::Save(argument),
        // Debug form: a control character must not reach the terminal.
        _ => {
            return Err(format!(
                "there is no command {:?}; /help lists them, and a message that begins with a slash is written with two",
                format!("/{name}")
            ));
        }
    };
    let takes_one = matches!(input, Input::File(_) | Input::Image(_) | Input::Save(_));
    match (takes_one, argument) {
        (true, "") => Err(format!("/{name} needs a file; /help says how")),
        (false, argument) if !argument.is_empty() => {
            Err(format!("/{name} stands alone; /help says how"))
        }
        _ => Ok(input),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_messages_or_commands() {
        for (line, input) in [
            ("Hello there \n", Input::Message("Hello there")),
            (" \t", Input::Nothing),
            ("/exit", Input::Exit),
            ("/reset ", Input::Reset),
            (" /help", Input::Help),
            ("/image  a picture.png ", Input::Image("a picture.png")),
            (
                "/file\thttps://a.example/b",
                Input::File("https://a.example/b"),
            ),
            ("/save c.json", Input::Save("c.json")),
            (
                "//exit is a command?",
                Input::Message("/exit is a command?"),
            ),
            ("1/2", Input::Message("1/2")),
        ] {
            assert_eq!(parse(line), Ok(input), "{line}");
        }
    }

    #[test]
    fn a_command_that_is_wrong_is_never_sent() {
        for (line, expected) in [
            (
                "/etc/hosts says what?",
                "there is no command \"/etc/hosts\"",
            ),
            ("/", "there is no command \"/\""),
            ("/image", "/image needs a file"),
            ("/save ", "/save needs a file"),
            ("/exit now", "/exit stands alone"),
        ] {
            let error = parse(line).map_err(|error| error.starts_with(expected));
            assert_eq!(error, Err(true), "{line}");
        }
    }
}
